"""Published studies as data: selected, pooled, shown as forest and funnel plots."""
