import { failing } from "@parley/harness/brokenDisk"

/** Until the scope ends, no hard link can be made, as on FAT. `first` is done before one fails. */
export const withoutHardLinks = (first?: () => void, code = "EPERM") => failing("linkSync", code, first)
