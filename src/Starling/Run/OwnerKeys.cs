using System;
using System.Collections.Generic;
using System.IO;
using Starling.Core.Primitives;
using Starling.Runtime.Identity;
using Starling.Runtime.Owner;

namespace Starling.Run;

/// <summary>
/// The owner's own identity: what <c>create</c> signs with, and whose tasks <c>run</c> takes for mine. It lies in <c>$STARLING_HOME</c>, else in
/// <c>.starling</c> of the home folder.
/// </summary>
internal static class OwnerKeys
{
    public static string Folder => Environment.GetEnvironmentVariable("STARLING_HOME") is { Length: > 0 } home
        ? home
        : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".starling");

    /// <summary>Where his rules are, and his processes tell each other what they run.</summary>
    public static OwnerPlace Place => new(OwnerConfig.ThisPath, Path.Combine(Path.GetFullPath(Folder), "running"));

    /// <summary>The owner's identity; null when none was made yet.</summary>
    public static Ed25519Identity? Identity() =>
        File.Exists(Path.Combine(Folder, IdentityFile.FileName)) && IdentityFile.TryLoadOrCreate(Folder, out Ed25519Identity? identity, out _) ? identity : null;

    /// <summary>The public keys whose tasks are the owner's own; none when no identity was made yet.</summary>
    public static IReadOnlyList<PublicKey> All() => Identity() is { } identity ? [identity.PublicKey] : [];
}
