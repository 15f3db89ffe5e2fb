using System;
using System.Collections.Generic;
using Starling.Core.Engine;
using Starling.Core.Primitives;

namespace Starling.Runtime.Storage;

/// <summary>What the engine asked the store's writer to do.</summary>
internal abstract record StoreCall
{
    private StoreCall()
    {
    }

    /// <summary>See <see cref="NodeEffect.KeepOutputs"/>; contents in the order of the outputs, null where there is none.</summary>
    public sealed record Keep(IReadOnlyList<KeptOutput> Outputs, IReadOnlyList<FinishedContent?> Contents, ReadOnlyMemory<byte> Batch) : StoreCall;

    /// <summary>Forget a finished content.</summary>
    public sealed record Discard(FinishedContent Content) : StoreCall;

    /// <summary>See <see cref="NodeEffect.WriteBlock"/>.</summary>
    public sealed record WriteBlock(ResultKey Key, int Block, ReadOnlyMemory<byte> Data, Hash256 Leaf) : StoreCall;

    /// <summary>A block was not taken: the download fails.</summary>
    public sealed record Spoil(ResultKey Key, Problem Problem) : StoreCall;

    /// <summary>See <see cref="NodeEffect.CommitDownload"/>.</summary>
    public sealed record Commit(ResultKey Key) : StoreCall;

    /// <summary>See <see cref="NodeEffect.AbandonDownload"/>.</summary>
    public sealed record Abandon(ResultKey Key) : StoreCall;

    /// <summary>See <see cref="NodeEffect.DropResult"/>.</summary>
    public sealed record Drop(ResultKey Key) : StoreCall;

    /// <summary>See <see cref="NodeEffect.ReleaseResult"/>.</summary>
    public sealed record Release(ResultKey Key) : StoreCall;

    /// <summary>See <see cref="NodeEffect.SaveBatch"/>.</summary>
    public sealed record SaveBatch(ReadOnlyMemory<byte> Batch) : StoreCall;

    /// <summary>See <see cref="NodeEffect.SaveAccepted"/>.</summary>
    public sealed record SaveAccepted(ResultKey Key, bool Accepted) : StoreCall;
}
