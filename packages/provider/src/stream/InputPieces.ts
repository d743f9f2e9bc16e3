import { maxInputBytes } from "@parley/domain/InputBounds"

/**
 * The part of a piece of tool input that is passed on after `given` characters of the same input: up to and including the
 * first character beyond the size limit. So the input is recognized as too large to be run, whatever the kept part contains.
 */
export const kept = (given: number, json: string): string => {
  const left = maxInputBytes + 1 - given
  return json.length <= left ? json : json.slice(0, left)
}

/** Whether tool input of this length has reached the size limit, so that nothing more of it is passed on. */
export const isFull = (given: number): boolean => given > maxInputBytes
