// One torrent in webtorrent (its plain TCP and uTP side), for the tests of the peer protocol.
//
// The only argument is a JSON object: modules (the folder of the npm packages), source (a .torrent file or a magnet link), dir, port; dht, lsd, encrypt, utp_only (booleans);
// router (host:port of a DHT node, or ""). Prints one JSON object a second: progress (0..1), peers. Ends with its standard input.
import { createRequire } from 'node:module'
import { join } from 'node:path'

const options = JSON.parse(process.argv[2])
const require = createRequire(join(options.modules, 'package.json'))
const WebTorrent = require('webtorrent')

const client = new WebTorrent({
  torrentPort: options.port,
  // UDP at the same number is uTP's.
  dhtPort: options.port + 1,
  dht: options.dht ? { bootstrap: [options.router] } : false,
  lsd: options.lsd,
  utp: options.utp_only,
  secure: options.encrypt,
  webSeeds: false
})
let problem = ''
client.on('error', error => { problem = String(error) })
const add = () => {
  const torrent = client.add(options.source, { path: options.dir })
  torrent.on('warning', warning => { problem = String(warning) })
  setInterval(() => console.log(JSON.stringify({ progress: torrent.progress, peers: torrent.numPeers, problem })), 1000)
}
if (options.dht) {
  client.dht.once('ready', add)
} else {
  add()
}
process.stdin.on('end', () => process.exit(0))
process.stdin.resume()
