using System;
using System.IO;
using System.Security.Cryptography;
using System.Text;

namespace Starling.Bench.Swarms;

/// <summary>The authors' experiment: each piece sleeps and then prints bytes that follow from its number, so that every copy can be checked.</summary>
internal sealed record PieceTask(int Pieces, double Seconds, int Bytes)
{
    public string Yaml(string name) =>
        $$"""
        name: {{name}}
        pieces: {{Pieces}}
        run: sleep {{Seconds}}; yes "$(printf 'piece%010d' $PIECE_IDX)" | head -c {{Bytes}}
        piece length: {{Math.Max(16_384, Bytes)}}
        verify: own

        """;

    /// <summary>Whether a merged output is right, every byte of it.</summary>
    public bool IsRight(string path)
    {
        if (!File.Exists(path))
        {
            return false;
        }

        using FileStream file = File.OpenRead(path);
        return Convert.ToHexString(SHA256.HashData(file)) == ExpectedHash();
    }

    private string ExpectedHash()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var content = new byte[Bytes];
        for (int piece = 0; piece < Pieces; piece++)
        {
            byte[] line = Encoding.ASCII.GetBytes($"piece{piece:D10}\n");
            for (int at = 0; at < Bytes; at += line.Length)
            {
                line.AsSpan(0, Math.Min(line.Length, Bytes - at)).CopyTo(content.AsSpan(at));
            }

            hash.AppendData(content);
        }

        return Convert.ToHexString(hash.GetHashAndReset());
    }
}
