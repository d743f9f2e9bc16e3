import { type DeclarationReflection, ReflectionKind } from "typedoc"

/** The sections in which a module's exports are listed, in this order. */
export const categories = [
  "services",
  "layers",
  "constructors",
  "models",
  "schemas",
  "errors",
  "guards",
  "conversions",
  "functions",
  "constants"
]

const hasSince = ({ comment, signatures, type }: DeclarationReflection): boolean =>
  [comment, ...(signatures ?? []).map((one) => one.comment), ...inType(type)].some(
    (one) => one?.getTag("@since") !== undefined
  )

/** The comments of the signatures of a function that is declared as a constant with a type. */
const inType = (type: DeclarationReflection["type"]) =>
  type?.type === "reflection" ? (type.declaration.signatures ?? []).map((one) => one.comment) : []

/** What the docstrings of a module's exports lack: the release they appeared in, or one of `categories`. */
export const missingTags = (module: DeclarationReflection): ReadonlyArray<string> => {
  const known = new Set(categories)
  const own = (module.children ?? []).filter((one) => !one.isReference() && !one.kindOf(ReflectionKind.Namespace))
  const placed = new Set(
    (module.categories ?? []).filter(({ title }) => known.has(title)).flatMap((category) => category.children)
  )
  const noSince = own.filter((one) => !hasSince(one)).map(({ name }) => `${module.name}: ${name} has no @since`)
  const unplaced = own.filter((one) => !placed.has(one)).map(({ name }) => `${module.name}: ${name} has no @category`)
  return [...noSince, ...unplaced]
}
