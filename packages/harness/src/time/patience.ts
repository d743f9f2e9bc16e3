/**
 * Milliseconds after which a test counts as hanging. It is not a bound on speed, so it is long enough for a machine with
 * twenty times the load it can handle. The mutant runner uses a shorter limit, because mutants may make tests hang.
 */
export const patience = 900_000
