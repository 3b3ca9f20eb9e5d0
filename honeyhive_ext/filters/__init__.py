"""Filters of a search, written as Python comparisons of the fields of an event, or as text.

>>> F.event_type == "model"
F.event_type == 'model'
>>> (F("metadata.cost") > 0.01) & F("metadata", "gen_ai.system").exists()
(F('metadata.cost') > 0.01) & F('metadata', 'gen_ai.system').exists()
>>> parse("metadata.cost > 0.01 and event_type == model")
(F('metadata.cost') > 0.01) & (F.event_type == 'model')
"""

from honeyhive_ext.filters.condition import AllOf, Filter, FilterLike, as_filters
from honeyhive_ext.filters.field import F, Field
from honeyhive_ext.filters.parsing import parse
from honeyhive_ext.filters.warnings import FilterWarning

__all__ = ["AllOf", "F", "Field", "Filter", "FilterLike", "FilterWarning", "as_filters", "parse"]
