using System;
using System.Collections.Generic;
using Starling.Core.Primitives;

namespace Starling.Core.Wire.Mse;

/// <summary>
/// The info-hashes that a responder serves, found by the hash under which an initiator names one. Never changes once made, so any thread may
/// read it; one look-up a handshake however many swarms there are.
/// </summary>
public sealed class MseSwarmKeys
{
    private readonly Dictionary<InfoHash, InfoHash> _byReq2 = [];

    /// <summary>The keys of these swarms.</summary>
    public MseSwarmKeys(params IEnumerable<InfoHash> infoHashes)
    {
        ArgumentNullException.ThrowIfNull(infoHashes);
        foreach (InfoHash infoHash in infoHashes)
        {
            _byReq2[MseKeyExchange.Req2(infoHash)] = infoHash;
        }
    }

    /// <summary>Swarms in it.</summary>
    public int Count => _byReq2.Count;

    internal bool TryFind(InfoHash req2, out InfoHash infoHash) => _byReq2.TryGetValue(req2, out infoHash);
}
