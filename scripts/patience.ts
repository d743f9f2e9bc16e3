/**
 * Milliseconds after which a test counts as one that never ends. It says nothing about speed, so it is long enough for a
 * machine with twenty times the work that it can do. The mutant runner sets a shorter one: bugs may make tests hang.
 */
export const patience = 900_000
