"""From a due contract line to invoice lines: claim, measure, rate, store, phrase."""
