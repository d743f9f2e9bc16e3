// Cyrillic and Greek letters that cannot be told from Latin ones, in lower case.
const latin: { readonly [letter: string]: string } = Object.fromEntries(
  [
    ..."аa вb сc еe һh іi јj кk мm оo рp ԛq ѕs тt ѵv ԝw хx уy ԁd ɡg".split(" "),
    ..."αa βb εe ηn ιi κk μu νv οo ρp τt υu χx ı\u0069".split(" ")
  ].map(([letter = "", plain = ""]) => [letter, plain])
)

/** What a name looks like: names that a person could take for each other have the same. */
const looks = (name: string): string =>
  Array.from(
    name
      .normalize("NFKC")
      .toLowerCase()
      .normalize("NFKD")
      .replaceAll(/[\p{M}\p{Cf}]/gu, ""),
    (letter) => latin[letter] ?? letter
  ).join("")

const plain = /^[A-Za-z0-9_.-]+$/

/** Of names that look alike, plain ones come first. */
const before = (left: string, right: string): boolean =>
  plain.test(left) === plain.test(right) ? left < right : plain.test(left)

/**
 * The names that can be taken for another one of the list, each with that other, which keeps its place. Which one that is
 * does not depend on the order of the list.
 */
export const lookalikes = (names: ReadonlyArray<string>): ReadonlyMap<string, string> => {
  const kept = new Map<string, string>()
  for (const name of names) {
    const key = looks(name)
    const other = kept.get(key)
    if (other === undefined || before(name, other)) kept.set(key, name)
  }
  return new Map(
    names.flatMap((name) => {
      const other = kept.get(looks(name))
      return other === undefined || other === name ? [] : [[name, other] as const]
    })
  )
}
