"""What a model loses when photographs or boxes are worse: python -m benchmark.robustness."""
