import { withoutInvisible } from "@parley/domain/VisibleText"

// Lower-case Cyrillic and Greek letters that look like Latin letters.
const latin: { readonly [letter: string]: string } = Object.fromEntries(
  [
    ..."аa вb сc еe һh іi јj кk мm оo рp ԛq ѕs тt ѵv ԝw хx уy ԁd ɡg".split(" "),
    ..."αa βb εe ηn ιi κk μu νv οo ρp τt υu χx ı\u0069".split(" ")
  ].map(([letter = "", plain = ""]) => [letter, plain])
)

/** A key for the appearance of a name: names that a person could confuse have the same key. */
const looks = (name: string): string =>
  Array.from(
    withoutInvisible(name.normalize("NFKC").toLowerCase().normalize("NFKD")).replaceAll(/[\p{M}\p{Cf}]/gu, ""),
    (letter) => latin[letter] ?? letter
  ).join("")

const plain = /^[A-Za-z0-9_.-]+$/

/** Among lookalikes, plain ASCII names take precedence; otherwise the order of code units decides. */
const before = (left: string, right: string): boolean =>
  plain.test(left) === plain.test(right) ? left < right : plain.test(left)

/**
 * Maps each name that could be confused with another name of the list to that other name, which may be used. The result
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
