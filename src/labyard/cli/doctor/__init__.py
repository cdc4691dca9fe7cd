"""What this box needs to serve: facts are gathered (`facts.py`), judged (`judge.py`, pure) and told (`verb.py`)."""
