"""What observers are told: LangChain's tracers, OpenTelemetry, the log; never a picture."""
