"""The LGR paper's tables as one plan that is run, resumed and reported.

`tables` says what stands in them, `profiles` at which budget, `jobs` which runs that makes, `work`
carries them out, `records` keeps them in few files, `report` and `page` make the tables of them.
"""
