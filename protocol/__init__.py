"""Rules: what a gonadotropin protocol before micro-TESE recommends. No clock, no chance."""
