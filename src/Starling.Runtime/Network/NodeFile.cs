using System;
using System.IO;
using Starling.Core.Dht;

namespace Starling.Runtime.Network;

/// <summary>The file of known DHT nodes. It only saves time: what can't be read or written is done without.</summary>
internal static class NodeFile
{
    /// <summary>What was written last; empty when there is nothing usable.</summary>
    public static byte[] Read(string path)
    {
        try
        {
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1);
            if (file.Length > DhtOptions.MaxSavedSize)
            {
                return [];
            }

            var bytes = new byte[file.Length];
            file.ReadExactly(bytes);
            return bytes;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>Replaces the file at once, or leaves the old one.</summary>
    public static void Write(string path, byte[] bytes)
    {
        string fresh = $"{path}.{Environment.ProcessId}.new";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(fresh, bytes);
            File.Move(fresh, path, overwrite: true);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            TryDelete(fresh);
        }
    }

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // The next write replaces it.
        }
    }
}
