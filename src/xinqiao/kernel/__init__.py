"""Clock, ids, errors with a remedy, canonical bytes. No models, no domain."""
