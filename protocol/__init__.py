"""Decision rules of gonadotropin protocols before micro-TESE: deterministic, without a clock."""
