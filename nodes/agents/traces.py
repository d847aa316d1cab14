"""Say in the trace of a step what it came to, where somebody traces the run."""

from langchain_core.callbacks import BaseCallbackManager
from langchain_core.runnables import RunnableConfig
from langchain_core.tracers.base import AsyncBaseTracer, BaseTracer


def annotate(config: RunnableConfig, **facts: object) -> None:
    """Add `facts` to the metadata of the step `config` was handed to; nothing where nobody traces."""
    manager = config.get("callbacks")
    if not isinstance(manager, BaseCallbackManager):
        return
    for tracer in manager.handlers:
        if isinstance(tracer, BaseTracer | AsyncBaseTracer) and (run := tracer.run_map.get(str(manager.parent_run_id))):
            run.extra = {**(run.extra or {}), "metadata": {**(run.extra or {}).get("metadata", {}), **facts}}
