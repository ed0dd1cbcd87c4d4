"""The warehouse: plain SQL over the lake, from staging to marts, each model under a contract."""
