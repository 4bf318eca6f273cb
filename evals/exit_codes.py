"""What the exit codes of `python -m evals` mean."""

USAGE = 4  # 1 to 3 say what was measured
EXIT_CODES = """\
exit codes, the highest that applies:
  0  measured and passed
  1  regression: a critical sample lost, or significantly more samples lost than gained,
     since the run of --baseline
  2  a floor is broken, or a critical sample is not right
  3  could not measure: more than a tenth of a metric's values, or a critical sample
  4  usage: an option, the set, its floors or the baseline cannot be meant
before anything is measured: 66 no such corpus, 74 the disk, 78 a setting or a model
"""
