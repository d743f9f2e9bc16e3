/** Memoizes by object identity. Messages and tools are immutable, and all requests of a session contain the same objects. */
export const once = <A extends object, B extends string | boolean | number | object>(
  f: (value: A) => B
): ((value: A) => B) => {
  const known = new WeakMap<A, B>()
  return (value) => {
    const before = known.get(value)
    if (before !== undefined) return before
    const made = f(value)
    known.set(value, made)
    return made
  }
}
