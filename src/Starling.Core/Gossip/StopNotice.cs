using System;
using Starling.Core.Crypto;
using Starling.Core.Primitives;

namespace Starling.Core.Gossip;

/// <summary>The author's signature on <c>st_stop</c>: over a domain tag, the task id, and what replaces the task (or that nothing does).</summary>
public static class StopNotice
{
    private const int MaxMessageSize = 15 + Hash256.Size + 1 + Hash256.Size;

    private static ReadOnlySpan<byte> Domain => "starling-stop-1"u8;

    /// <summary>Cancels my task, or names the one that replaces it.</summary>
    public static TaskMessage.Stop Sign(IIdentity author, Hash256 taskId, Hash256? replacedBy)
    {
        ArgumentNullException.ThrowIfNull(author);
        Span<byte> message = stackalloc byte[MaxMessageSize];
        return new TaskMessage.Stop(replacedBy, author.Sign(message[..Compose(message, taskId, replacedBy)]));
    }

    /// <summary>Whether the author of task <paramref name="taskId"/> said so.</summary>
    public static bool Verify(TaskMessage.Stop stop, in PublicKey author, Hash256 taskId, ISignatureVerifier verifier)
    {
        ArgumentNullException.ThrowIfNull(stop);
        ArgumentNullException.ThrowIfNull(verifier);
        Span<byte> message = stackalloc byte[MaxMessageSize];
        return verifier.Verify(author, message[..Compose(message, taskId, stop.ReplacedBy)], stop.Signature.Span);
    }

    private static int Compose(Span<byte> message, Hash256 taskId, Hash256? replacedBy)
    {
        Domain.CopyTo(message);
        int used = Domain.Length;
        taskId.CopyTo(message[used..]);
        used += Hash256.Size;
        message[used++] = replacedBy is null ? (byte)0 : (byte)1;
        if (replacedBy is { } next)
        {
            next.CopyTo(message[used..]);
            used += Hash256.Size;
        }

        return used;
    }
}
