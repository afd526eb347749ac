"""Read what profile stores and collectors keep: pprof and OpenTelemetry's profiles, both protocol buffers."""
