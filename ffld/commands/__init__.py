"""One file a command of `python -m ffld`, and the options that they share."""
