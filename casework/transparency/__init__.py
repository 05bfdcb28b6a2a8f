"""The ledger as a transparency log, in the formats of C2SP: Merkle tree, notes, witness.

Nothing here knows a case, a model or the database: plain functions over bytes, so that a witness elsewhere runs the
same code and shares nothing else with the installation that it watches."""
