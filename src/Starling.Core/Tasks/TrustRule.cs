using System;
using System.Collections.Generic;
using Starling.Core.Primitives;

namespace Starling.Core.Tasks;

/// <summary>
/// Whose commands may run on this machine without walls (DESIGN section 7): mine, those of authors I allow, and what <c>--trust</c> names.
/// Kernels always may. A YAML or <c>.rbw</c> file is unsigned and may have come from anybody, so it is nobody's.
/// </summary>
public static class TrustRule
{
    /// <summary>Code of the refusal; as the refusal of a task it ends the command with exit 4.</summary>
    public const string Code = "walls";

    /// <summary>Null when the task may be computed and merged here; else why not, and what the owner can do.</summary>
    /// <param name="task">The task.</param>
    /// <param name="signature">What its signature is worth; <see cref="TaskSignature.Wrong"/> makes it nobody's.</param>
    /// <param name="mine">The identity of this machine's owner.</param>
    /// <param name="allowedAuthors">Further authors whose commands count as mine.</param>
    /// <param name="trust">The owner said <c>--trust</c>.</param>
    public static Problem? Check(
        TaskFile task, TaskSignature signature, PublicKey mine, IReadOnlyList<PublicKey> allowedAuthors, bool trust)
    {
        ArgumentNullException.ThrowIfNull(task);
        ArgumentNullException.ThrowIfNull(allowedAuthors);
        string? commands = CommandsOf(task.Info);
        if (commands is null || trust)
        {
            return null;
        }

        string signer = "is not signed";
        if (signature == TaskSignature.Right && task.Info.Author is { } author)
        {
            if (author == mine || IsAmong(author, allowedAuthors))
            {
                return null;
            }

            signer = $"is signed by {author.ToString()[..16]}…, not by you";
        }
        else if (signature == TaskSignature.Wrong)
        {
            signer = "has a wrong signature";
        }

        return new Problem(
            Code,
            $"task '{task.Info.Name}' {signer}, and {commands} would run here with all of your rights",
            "Read the command with 'starling inspect'; if you believe it, run again with --trust.");
    }

    /// <summary>Whether the task is this owner's own: signed by him or an author he allows, or named so with <c>--trust</c>.</summary>
    public static bool IsOwn(TaskFile task, TaskSignature signature, PublicKey mine, IReadOnlyList<PublicKey> allowedAuthors, bool trust)
    {
        ArgumentNullException.ThrowIfNull(task);
        ArgumentNullException.ThrowIfNull(allowedAuthors);
        return trust || (signature == TaskSignature.Right && task.Info.Author is { } author && (author == mine || IsAmong(author, allowedAuthors)));
    }

    /// <summary>What of a task runs somebody's code; null: nothing, it has a kernel and no command.</summary>
    private static string? CommandsOf(TaskInfo info)
    {
        string? run = info.Run switch
        {
            RunSpec.Kernel => null,
            RunSpec.Shell => "its command",
            RunSpec.Wasm => "its WebAssembly module",
            RunSpec.Container => "its container",
            _ => throw new ArgumentOutOfRangeException(nameof(info), info.Run, "unknown kind of run"),
        };
        return run
            ?? (info.Merge is not null ? "its merge command"
            : info.Verify is VerifySpec.Checker ? "its checker"
            : info.Verify.Compare is not null ? "its comparison of results" : null);
    }

    private static bool IsAmong(PublicKey author, IReadOnlyList<PublicKey> authors)
    {
        for (int i = 0; i < authors.Count; i++)
        {
            if (authors[i] == author)
            {
                return true;
            }
        }

        return false;
    }
}
