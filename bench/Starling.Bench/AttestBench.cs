using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Starling.Core.Gossip;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Verification;
using Starling.Runtime.Identity;

namespace Starling.Bench;

/// <summary>What one peer spends on the attestations of a million pieces by a thousand workers: decoding, signatures, judging, memory.</summary>
internal static class AttestBench
{
    private const int Pieces = 1_000_000;
    private const int Workers = 1_000;
    private const int BatchEntries = 256;

    public static int Run()
    {
        Hash256 task = Hash256.Of("attest bench"u8);
        List<byte[]> batches = Sign(task);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        var logs = new AttestationLogs();
        var workers = new WorkerTable();
        var map = new PieceMap(task, Pieces);
        var judge = new PieceJudge(map, workers, new OwnPolicy());
        var verifier = new Ed25519Verifier();
        var decoding = new Stopwatch();
        var signatures = new Stopwatch();
        var judging = new Stopwatch();
        foreach (byte[] bytes in batches)
        {
            decoding.Start();
            bool right = AttestationBatchCodec.TryDecode(bytes, out AttestationBatch? batch);
            decoding.Stop();
            signatures.Start();
            right = right && AttestationBatchCodec.Verify(batch!, task, verifier);
            signatures.Stop();
            if (!right)
            {
                Console.Error.WriteLine("attest: a batch of our own is wrong");
                return 1;
            }

            judging.Start();
            logs.Append(batch!);
            Worker worker = workers.Find(batch!.Worker)!;
            worker.Believed = true;
            foreach (Attestation entry in batch.Entries)
            {
                int candidate = map.Add(entry.Piece, entry.Result);
                map.AddVote(entry.Piece, worker.Number, candidate);
                map.SetAcceptable(entry.Piece, judge.Judge(entry.Piece).Acceptable);
            }

            judging.Stop();
        }

        int count = batches.Count;
        long signed = 0;
        foreach (byte[] bytes in batches)
        {
            signed += bytes.Length;
        }

        // The signed bytes were there before the peer was; they are its own to keep from now on.
        batches.Clear();
        long state = GC.GetTotalMemory(forceFullCollection: true) - before + signed;
        GC.KeepAlive(map);
        GC.KeepAlive(logs);
        GC.KeepAlive(workers);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{Pieces} pieces, {Workers} workers, {count} batches of at most {BatchEntries}: signatures {signatures.Elapsed.TotalSeconds:F2} s, decoding {decoding.Elapsed.TotalSeconds:F2} s, judging {judging.Elapsed.TotalSeconds:F2} s; "
            + $"{state / (double)Pieces:F1} bytes a piece, {signed / (double)Pieces:F1} of them the signed batches"));
        return 0;
    }

    /// <summary>Each worker did every thousandth piece, in batches as they come: the numbers lie far apart.</summary>
    private static List<byte[]> Sign(Hash256 task)
    {
        var batches = new List<byte[]>();
        Span<byte> root = stackalloc byte[Hash256.Size];
        for (int worker = 0; worker < Workers; worker++)
        {
            Ed25519Identity identity = Ed25519Identity.Create();
            int sequence = 0;
            for (int start = worker; start < Pieces; start += Workers * BatchEntries)
            {
                var entries = new List<Attestation>();
                for (int piece = start; piece < Pieces && entries.Count < BatchEntries; piece += Workers)
                {
                    RandomNumberGenerator.Fill(root);
                    entries.Add(new Attestation(piece, new ResultId(262_144, new Hash256(root))));
                }

                batches.Add(AttestationBatchCodec.Sign(identity, task, 1, sequence++, "linux-x64", entries).Raw.ToArray());
            }
        }

        return batches;
    }
}
