"""The engine's nouns: stages, fan-outs, pipelines, and how one stage is executed. No cloud, no HTTP, no moments."""

from moments_ray.pipeline.context import Context
from moments_ray.pipeline.definition import Pipeline
from moments_ray.pipeline.resources import Resources
from moments_ray.pipeline.stage import FanOut, FanOutput, Item, ItemFailure, Stage, Value, stage

__all__ = ["Context", "FanOut", "FanOutput", "Item", "ItemFailure", "Pipeline", "Resources", "Stage", "Value", "stage"]
