/**
 * `npm run layout`: writes `docs/reference/memory-layout.md`.
 */
import { execFileSync } from "node:child_process"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { page } from "./memoryLayout.ts"
import { root } from "./process.ts"

const target = join(root, "docs/reference/memory-layout.md")
writeFileSync(target, page())
execFileSync(join(root, "node_modules/.bin/dprint"), ["fmt", target], { cwd: root, stdio: "inherit" })
