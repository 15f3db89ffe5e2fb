using System;
using Starling.Core.Crypto;
using Starling.Core.Primitives;

namespace Starling.Core.Tasks;

/// <summary>The author's signature of a task file: Ed25519 over the 32 bytes of the task id, which covers the author's key (DESIGN section 3).</summary>
public static class TaskFileSigner
{
    /// <summary>The task signed by <paramref name="author"/>, whom <c>info</c> must name.</summary>
    /// <exception cref="ArgumentException">Info names another author, or none: a caller's bug.</exception>
    public static TaskFile Sign(TaskFile task, IIdentity author)
    {
        ArgumentNullException.ThrowIfNull(task);
        ArgumentNullException.ThrowIfNull(author);
        return task.Info.Author == author.PublicKey
            ? task with { Signature = author.Sign(task.Id.ToArray()) }
            : throw new ArgumentException("The task names another author.", nameof(author));
    }

    /// <summary>Whether the task is signed, and rightly.</summary>
    public static TaskSignature Check(TaskFile task, ISignatureVerifier verifier)
    {
        ArgumentNullException.ThrowIfNull(task);
        ArgumentNullException.ThrowIfNull(verifier);
        if (task.Signature.IsEmpty || task.Info.Author is not { } author)
        {
            return TaskSignature.None;
        }

        Span<byte> id = stackalloc byte[Hash256.Size];
        task.Id.CopyTo(id);
        return verifier.Verify(author, id, task.Signature.Span) ? TaskSignature.Right : TaskSignature.Wrong;
    }
}

/// <summary>What a task's signature is worth.</summary>
public enum TaskSignature
{
    /// <summary>There is none: YAML, an imported file, or metadata that came by a magnet link. An author's key in it is only a claim.</summary>
    None,

    /// <summary>The named author signed exactly this task.</summary>
    Right,

    /// <summary>The signature does not fit: the file was changed, or never signed by its author. Such a task is refused.</summary>
    Wrong,
}
