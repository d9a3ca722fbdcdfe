"""Layout-Graph Reasoning (Yu et al., CVPR 2019): the reference model."""
