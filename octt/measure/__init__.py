"""Response times and durations from the record, with the definitions of the certificates.

May import `ocpp` and `record`.
"""

from octt.measure.declared import DECLARED, declared_maxima
from octt.measure.meter import Meter, Performance
from octt.measure.statistic import Statistic, percentile

__all__ = ["DECLARED", "Meter", "Performance", "Statistic", "declared_maxima", "percentile"]
