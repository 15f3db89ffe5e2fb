using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Crypto;
using Starling.Core.Dht;
using Starling.Core.Metainfo;
using Starling.Runtime.Discovery;

namespace Starling.Runtime.Torrents;

/// <summary>Names a torrent to those who follow an identity (BEP 46), by an item of the DHT that the identity signs.</summary>
/// <param name="finder">Has the node of the DHT.</param>
/// <param name="identity">The author.</param>
/// <param name="salt">Which of the author's torrents; at most <see cref="MutableMagnet.MaxSaltSize"/> bytes.</param>
public sealed class TorrentAuthor(PeerFinder finder, IIdentity identity, ReadOnlyMemory<byte> salt)
{
    private const int MaxAttempts = 3;

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    /// <summary>Waits until there is somebody to tell; false: there is not within this time.</summary>
    public async Task<bool> HasNodesAsync(TimeSpan patience, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(patience);
        while (finder.DhtNodeCount == 0 && !limit.IsCancellationRequested)
        {
            await Task.Delay(Look, limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return finder.DhtNodeCount > 0;
    }

    /// <summary>
    /// Publishes, or puts again what is published already. The version is one more than the one that the DHT has, and at least <paramref name="unixSeconds"/>: should the
    /// DHT have forgotten the item, those who saw it still take the new one for newer.
    /// </summary>
    public async Task<PublishedVersion> PublishAsync(TorrentPointer torrent, long unixSeconds)
    {
        ArgumentNullException.ThrowIfNull(torrent);
        byte[] value = torrent.Encode();
        PublishedVersion last = new(0, 0, []);
        for (int attempt = 0; attempt < MaxAttempts; attempt++)
        {
            DhtItem? known = await finder.GetItemAsync(identity.PublicKey, salt).ConfigureAwait(false);
            bool isThere = known is not null && known.Value.Span.SequenceEqual(value);
            DhtItem item = isThere ? known! : DhtItem.Mutable(identity, salt, Math.Max((known?.Sequence ?? 0) + 1, unixSeconds), value);
            DhtEffect.ItemPut put = await finder.PutItemAsync(item, isThere ? null : known?.Sequence).ConfigureAwait(false);
            last = new PublishedVersion(item.Sequence, put.Stored, [.. put.Refusals.Distinct().Order()]);
            if (put.Stored > 0)
            {
                break;
            }
        }

        return last;
    }
}

/// <summary>What came of publishing.</summary>
/// <param name="Sequence">The version.</param>
/// <param name="Nodes">Nodes that keep it; 0: it is not published.</param>
/// <param name="Refusals">Error codes of nodes that refused (BEP 44).</param>
public sealed record PublishedVersion(long Sequence, int Nodes, IReadOnlyList<int> Refusals);
