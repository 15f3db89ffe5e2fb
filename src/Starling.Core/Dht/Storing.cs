using System;
using System.Collections.Generic;
using Starling.Core.Dht.Krpc;
using Starling.Core.Primitives;

namespace Starling.Core.Dht;

/// <summary>Stores one thing at the nodes that a lookup found: announces a peer (BEP 5) or puts an item (BEP 44), and counts who took it.</summary>
internal sealed class Storing : IQueryOwner
{
    private readonly Action<Storing, Instant> _ended;
    private int _underWay;

    /// <summary>Sends to all of them at once.</summary>
    /// <param name="family">The DHT it runs in.</param>
    /// <param name="query">What is stored; id and token are filled in.</param>
    /// <param name="at">The nodes.</param>
    /// <param name="now">The time.</param>
    /// <param name="ended">Told once, perhaps at once.</param>
    public Storing(DhtFamily family, KrpcQuery query, List<LookupCandidate> at, Instant now, Action<Storing, Instant> ended)
    {
        _ended = ended;
        foreach (LookupCandidate node in at)
        {
            if (family.TryAsk(query with { Id = family.Id, Token = node.Token }, node.Contact.Address, this, null, now))
            {
                _underWay++;
            }
        }

        if (_underWay == 0)
        {
            ended(this, now);
        }
    }

    /// <summary>Nodes that took it.</summary>
    public int Stored { get; private set; }

    /// <summary>Error codes of those that refused.</summary>
    public List<int> Refusals { get; } = [];

    /// <inheritdoc/>
    public void OnReply(PendingQuery query, KrpcReply reply, Instant now)
    {
        Stored++;
        End(now);
    }

    /// <inheritdoc/>
    public void OnFailure(PendingQuery query, KrpcFailure? failure, Instant now)
    {
        if (failure is not null)
        {
            Refusals.Add(failure.Code);
        }

        End(now);
    }

    private void End(Instant now)
    {
        if (--_underWay == 0)
        {
            _ended(this, now);
        }
    }
}
