"""The engine's nouns: stages, fan-outs, pipelines, and how one stage is executed. No cloud, no HTTP, no moments."""

from moments_ray.engine.context import Context
from moments_ray.engine.fan_out import FanOut, FanOutput, Item, ItemFailure
from moments_ray.engine.pipeline import Pipeline
from moments_ray.engine.resources import Resources
from moments_ray.engine.stage import Stage, Value, stage

__all__ = ["Context", "FanOut", "FanOutput", "Item", "ItemFailure", "Pipeline", "Resources", "Stage", "Value", "stage"]
