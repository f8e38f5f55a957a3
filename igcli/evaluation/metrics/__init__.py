"""The metrics, one small file each. Importing this package fills the registry."""

from igcli.evaluation.metric import DEFAULT_METRICS, METRICS, NEEDS, Metric, arrow, configured
from igcli.evaluation.metrics.abpc import Abpc
from igcli.evaluation.metrics.aopc import Aopc
from igcli.evaluation.metrics.completeness import CompletenessGap
from igcli.evaluation.metrics.curve_metric import CurveMetric
from igcli.evaluation.metrics.deletion_insertion import Deletion, Insertion
from igcli.evaluation.metrics.focus import Focus
from igcli.evaluation.metrics.localisation import Localisation
from igcli.evaluation.metrics.max_sensitivity import MaxSensitivity
from igcli.evaluation.metrics.randomisation import Randomisation

__all__ = [
    "DEFAULT_METRICS",
    "METRICS",
    "NEEDS",
    "Abpc",
    "Aopc",
    "CompletenessGap",
    "CurveMetric",
    "Deletion",
    "Focus",
    "Insertion",
    "Localisation",
    "MaxSensitivity",
    "Metric",
    "Randomisation",
    "arrow",
    "configured",
]
