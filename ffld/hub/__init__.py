"""FFLD on a Hugging Face hub: publish what was built, download it, read it, all of it verified.

client.py     repositories of data sets or models: look up, fetch, send; retries, checks
errors.py     what a hub answers, in one line that says what to do
publish.py    a built folder becomes a dataset repository
download.py   a dataset repository becomes a built folder, or a split
card.py       the repository's README.md
croissant.py  the repository's croissant.json
about.py      what both say of a procedural dataset
"""
