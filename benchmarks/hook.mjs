// Gives each connection of the load generator an access token of the demo user ada.
// TOKEN_FILE names the file that benchmarks/web.sh writes.
import fs from 'node:fs'

export function connectOptions () {
  return { query: 'token=' + fs.readFileSync(process.env.TOKEN_FILE, 'utf8').trim() }
}
