"""What disentanglement_lib computes, transcribed, to hold this project's scores against."""

import numpy as np


def their_mig(codes: np.ndarray, factors: np.ndarray) -> float:
    """Its `compute_mig` (Locatello et al. 2019).

    Args:
        codes: (n, latent).
        factors: whole numbers, (n, factor).
    """
    from sklearn.metrics import mutual_info_score

    edges = [np.histogram(code, 20)[1][:-1] for code in codes.T]
    bins = [np.digitize(code, edge) for code, edge in zip(codes.T, edges, strict=True)]
    gaps = []
    for factor in factors.T:
        information = sorted((mutual_info_score(factor, code) for code in bins), reverse=True)
        gaps.append((information[0] - information[1]) / mutual_info_score(factor, factor))
    return float(np.mean(gaps))
