"""The engine's nouns: stages, fan-outs, pipelines, and how one stage is executed. No cloud, no HTTP, no moments."""
