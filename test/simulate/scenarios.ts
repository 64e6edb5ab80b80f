/** All scenarios, by what they look at. */
import { bank } from "./bank.ts"
import { channels } from "./channels.ts"
import { names } from "./names.ts"
import type { Scenario } from "./scenario.ts"
import { storm } from "./storm.ts"
import { supervision } from "./supervision.ts"

export const scenarios: ReadonlyArray<Scenario> = [bank, channels, names, storm, supervision]
