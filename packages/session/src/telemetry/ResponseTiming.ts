import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

/** How long parts of one response took, in seconds. */
export interface ResponseTimes {
  readonly total: number
  /** Undefined if nothing arrived. */
  readonly toFirst: number | undefined
  /** The average between two parts. Undefined if fewer than two arrived. */
  readonly perChunk: number | undefined
}

/**
 * Measures one response, with three readings of the clock however many parts it has. The clock is monotonic, so changes of
 * the system's time do not matter.
 */
export class ResponseTiming {
  private readonly clock: Clock.Clock
  private readonly begun: bigint
  private first: bigint | undefined
  private ended: bigint | undefined

  constructor(clock: Clock.Clock) {
    this.clock = clock
    this.begun = clock.monotonicTimeNanosUnsafe()
  }

  /** To be called when the first part arrives. */
  readonly began = (): void => {
    this.first ??= this.clock.monotonicTimeNanosUnsafe()
  }

  /** To be called when the stream ends, in whatever way. */
  readonly end = (): void => {
    this.ended ??= this.clock.monotonicTimeNanosUnsafe()
  }

  /** The times of a response of so many parts. */
  times(parts: number): ResponseTimes {
    const ended = this.ended ?? this.clock.monotonicTimeNanosUnsafe()
    const seconds = (from: bigint, to: bigint) => Number(to - from) / 1e9
    return {
      total: seconds(this.begun, ended),
      toFirst: this.first === undefined ? undefined : seconds(this.begun, this.first),
      perChunk: this.first === undefined || parts < 2 ? undefined : seconds(this.first, ended) / (parts - 1)
    }
  }
}

/** Starts the measurement. */
export const make: Effect.Effect<ResponseTiming> = Effect.map(Clock.Clock, (clock) => new ResponseTiming(clock))
