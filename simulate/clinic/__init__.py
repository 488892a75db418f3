"""The clinic: the same men, one by one, with calendar, queues and a log (SimPy).

What a clinic file says: ``units``, ``equipment``, ``file``. Who comes when: ``arrivals``, ``plan``.
What lies in store for each man: ``fate`` (many men), ``delays``, ``lots`` (one man). Where he goes:
``calendar``, ``theatre``, ``places``; ``steps``, ``rules``, ``pathway`` tell his way, ``case`` what
has happened to him so far, and ``run`` runs it all. What remains of him: ``store``, ``ledger``.

Reading it: ``seen`` is a run on some day; ``records``, ``care_records``, ``milestones``, ``log``,
``log_rows``, ``xes`` write it down; ``queues``, ``use``, ``quantiles``, ``measures`` measure it;
``replicate`` and ``solve`` run it again and again.
"""
