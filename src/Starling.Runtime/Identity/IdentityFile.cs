using System;
using System.Diagnostics.CodeAnalysis;
using System.IO;
using System.Security.Cryptography;
using System.Text;
using Starling.Core.Primitives;
using Starling.Runtime.Storage;

namespace Starling.Runtime.Identity;

/// <summary>
/// The key pair of one data folder: <c>identity.key</c>, three lines of text: a title, the secret and the public key in
/// hexadecimal (the second lets damage be seen). Made once, readable by its owner alone, never overwritten.
/// </summary>
public static class IdentityFile
{
    /// <summary>Name of the file in its folder.</summary>
    public const string FileName = "identity.key";

    private const string Title = "starling identity 1";

    /// <summary>A longer file is not ours; checked before it is read.</summary>
    private const int MaxFileBytes = 1024;

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>
    /// Loads the key pair of <paramref name="folder"/>, or makes one (and the folder) when there is none. Of two processes that
    /// make one at the same moment, one wins and both get its key. A damaged file is a problem and stays as it is.
    /// </summary>
    public static bool TryLoadOrCreate(
        string folder, [NotNullWhen(true)] out Ed25519Identity? identity, [NotNullWhen(false)] out Problem? problem)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        string path = Path.Combine(Path.GetFullPath(folder), FileName);
        identity = null;
        problem = null;
        try
        {
            if (!File.Exists(path))
            {
                Create(path);
            }

            return TryRead(path, out identity, out problem);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            problem = new Problem(
                "identity", $"{path}: {exception.Message}", "Make the folder readable and writable, or name another with STARLING_HOME");
            return false;
        }
    }

    private static bool TryRead(string path, out Ed25519Identity? identity, out Problem? problem)
    {
        identity = null;
        problem = null;
        using FileStream file = File.OpenRead(path);
        Span<byte> bytes = stackalloc byte[MaxFileBytes + 1];
        int length = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        if (length <= MaxFileBytes && TryParse(Encoding.ASCII.GetString(bytes[..length]), out identity))
        {
            return true;
        }

        problem = new Problem(
            "identity",
            $"{path} is damaged: it does not hold a key pair of this program",
            "Restore it from a backup; or move it away, and a new identity is made, which other peers do not know yet");
        return false;
    }

    private static bool TryParse(string text, out Ed25519Identity? identity)
    {
        identity = null;
        string[] lines = text.Split('\n', 5, StringSplitOptions.TrimEntries);
        if (lines.Length != 4 || lines[0] != Title || lines[3].Length != 0
            || !Hash256.TryParse(lines[1], out Hash256 seed)
            || !PublicKey.TryParse(lines[2], out PublicKey publicKey))
        {
            return false;
        }

        Ed25519Identity read = Ed25519Identity.FromSeed(seed.ToArray());
        identity = read.PublicKey == publicKey ? read : null;
        return identity is not null;
    }

    /// <summary>Complete and on disk under a name of its own first, then moved to where it is looked for: no reader sees half a key.</summary>
    private static void Create(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        Ed25519Identity fresh = Ed25519Identity.Create();
        byte[] text = Encoding.ASCII.GetBytes(
            $"{Title}\n{Convert.ToHexStringLower(fresh.Seed)}\n{fresh.PublicKey}\n");
        string temporary = $"{path}.{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}.tmp";
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = OwnerOnly;
            }

            using (var file = new FileStream(temporary, options))
            {
                file.Write(text);
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: false);
            NativeFiles.FlushFolder(Path.GetDirectoryName(path)!);
        }
        catch (IOException) when (File.Exists(path))
        {
            // Another process was first; its key is read next.
        }
        finally
        {
            CryptographicOperations.ZeroMemory(text);
            File.Delete(temporary);
        }
    }
}
