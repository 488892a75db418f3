"""The rule: what a gonadotropin protocol before micro-TESE says. Pure: no clock, no chance."""
