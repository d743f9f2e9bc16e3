import type { Planted } from "./Planted.ts"
import * as PlantedModels from "./PlantedModels.ts"
import * as PlantedReading from "./PlantedReading.ts"
import * as PlantedSessions from "./PlantedSessions.ts"
import * as PlantedTools from "./PlantedTools.ts"

/** Every manager with a planted bug. */
export const all: ReadonlyArray<Planted> = [
  ...PlantedSessions.planted,
  ...PlantedTools.planted,
  ...PlantedModels.planted,
  ...PlantedReading.planted
]
