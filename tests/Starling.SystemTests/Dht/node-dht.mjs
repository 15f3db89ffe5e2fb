// A private DHT of bittorrent-dht nodes in Node.js, one address each, driven by lines on standard input: the commands and answers of libtorrent-dht.py.
//
//     node node-dht.mjs MODULES COUNT PATTERN     nodes at addresses such as 127.77.0.%d, with 1, 2, ... in place of %d
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const [modules, count, pattern] = [process.argv[2], Number(process.argv[3]), process.argv[4]]
const PORT = 6881
const PATIENCE = 10_000

const folder = join(modules, 'node_modules', 'bittorrent-dht')
const { main } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
const loaded = await import(pathToFileURL(join(folder, main ?? 'index.js')).href)
const DHT = loaded.Client ?? loaded.default

const addressOf = number => pattern.replace('%d', number)
const nodes = []
for (let number = 1; number <= count; number++) {
  const bootstrap = [...new Set([1, Math.floor(number / 2), number - 1])].filter(other => other > 0 && other < number)
  const node = new DHT({ bootstrap: bootstrap.length > 0 ? bootstrap.map(other => `${addressOf(other)}:${PORT}`) : false })
  node.on('error', error => { console.error(String(error)) })
  await new Promise(resolve => node.listen(PORT, addressOf(number), resolve))
  if (number > 1) {
    await new Promise(resolve => node.once('ready', resolve))
  }
  nodes.push(node)
}

const within = (patience, work) => new Promise(resolve => {
  const timer = setTimeout(() => resolve(null), patience)
  work(result => {
    clearTimeout(timer)
    resolve(result)
  })
})

async function answer ([command, which, argument]) {
  const node = nodes[Number(which)]
  switch (command) {
    case 'announce': {
      const error = await within(PATIENCE, done => node.announce(argument, PORT, failure => done(failure ?? '')))
      return { announced: error === '' }
    }
    case 'peers': {
      const peers = new Set()
      const heard = (peer, hash) => hash.toString('hex') === argument.toLowerCase() && peers.add(`${peer.host}:${peer.port}`)
      node.on('peer', heard)
      await within(PATIENCE, done => node.lookup(argument, done))
      node.off('peer', heard)
      return { peers: [...peers] }
    }
    case 'put': {
      const put = await within(PATIENCE, done => node.put({ v: Buffer.from(argument) }, (error, hash, stored) => done({ target: hash?.toString('hex'), stored: error ? 0 : stored })))
      return put ?? { target: '', stored: 0 }
    }
    case 'get': {
      const item = await within(PATIENCE, done => node.get(argument, (error, found) => done(error || !found ? '' : Buffer.from(found.v).toString('latin1'))))
      return { item: item ?? '' }
    }
    case 'nodes':
      return { nodes: node.nodes.toArray().length }
    default:
      return { error: 'unknown command' }
  }
}

console.log(JSON.stringify({ ready: `${addressOf(1)}:${PORT}` }))
for await (const line of createInterface({ input: process.stdin })) {
  const words = line.trim().split(/\s+/)
  if (words[0]) {
    console.log(JSON.stringify(await answer(words)))
  }
}
process.exit(0)
